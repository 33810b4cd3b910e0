"""The screens of the program, each with its styles beside it."""
