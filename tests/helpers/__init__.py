"""What several tests share: tiny models and data, made on the spot."""
