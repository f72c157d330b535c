"""The engine: the only room that loads torch. It runs in processes of its own, never in the window's."""
