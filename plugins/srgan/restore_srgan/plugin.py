"""Registration of SRResNet and its training recipe."""
