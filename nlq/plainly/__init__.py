"""Ways of speaking put plainly before a sentence is read; each room is one kind of talk."""
