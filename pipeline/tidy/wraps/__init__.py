"""Line breaks inside cells: where an item ends and where it only wraps."""
