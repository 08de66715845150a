//! The one facade: all a UI, a CLI or a test may ask of the player.
