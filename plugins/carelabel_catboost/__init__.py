"""CatBoost for carelabel: models from its own .cbm files, and their export to ONNX."""
