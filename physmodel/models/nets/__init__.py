"""Networks that keep the physics: every module here imports torch, so import this room late."""

from physmodel.errors import require

for _module in ("torch", "safetensors"):
    require(_module, "nets")
