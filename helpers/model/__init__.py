"""The network at run time: the encoder, its decoding, the tone toward a target."""
