"""XGBoost for carelabel: models from its own .json and .ubj files, and their conversion to ONNX."""
