"""The run folder: all that passes between the window and the training, as files."""
