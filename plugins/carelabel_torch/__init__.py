"""PyTorch for carelabel: exported programs, TorchScript, networks with their code; ONNX, int8, float16 and pruning."""
