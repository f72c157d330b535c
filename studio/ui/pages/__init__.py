"""The pages of the window: one module each, named as the rail and the wizard's steps are."""
