"""The simulated world as real files: scenes drawn, coded as mp4, comments as Bilibili's XML."""
