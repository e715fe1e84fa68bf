"""What the scripts share. Nothing here knows of the daemon; it may be used by any program that makes a file."""
