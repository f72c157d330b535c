"""Parts of the wizard that makes a run: its footer, its recipe menu, the parts of its steps."""
