"""The catalogue of fine-tuning methods: what presets/methods says, what fits, what to take."""
