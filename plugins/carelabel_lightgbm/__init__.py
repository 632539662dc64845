"""LightGBM for carelabel: models from its own text files, and their conversion to ONNX."""
