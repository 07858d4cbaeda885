"""Networks that keep the physics: every module here imports torch, so import this room late."""
