"""The engine: the only room that loads torch, in processes of its own, never in the window's."""
