"""ONNX for carelabel: files on ONNX Runtime, and scikit-learn models converted by skl2onnx."""
