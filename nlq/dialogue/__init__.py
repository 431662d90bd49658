"""What a sentence does with the questions before it: changes one thing, points back, turns the answer, undoes."""
