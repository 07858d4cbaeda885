"""What commands share: options, messages, outputs."""
