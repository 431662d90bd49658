"""A doctor's own rights in one home, an act a module; `wenshu.subject_room` is the door."""
