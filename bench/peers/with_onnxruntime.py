"""ONNX Runtime: a model of one node, weights in the model, so that it may pack them. Forward only."""
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from worker import Missing

# Gates of bench::Problem in ONNX's order: i o f c, and z r h.
ORDERS = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2], "lbr_gru": [1, 0, 2]}


def model_of(p):
    order = ORDERS[p.cell]
    biases = np.concatenate([part[order].reshape(-1) for part in p.two_biases()])
    weights = {"W": p.W[order].reshape(1, -1, p.I), "R": p.U[order].reshape(1, -1, p.H),
               "B": biases.reshape(1, -1)}
    given = {"x": [p.T, p.N, p.I], "h0": [1, p.N, p.H]}
    wanted = {"h": [p.T, 1, p.N, p.H], "last": [1, p.N, p.H]}
    if p.lstm:
        given["c0"] = wanted["cell"] = [1, p.N, p.H]
    attributes = {"hidden_size": p.H}
    if "gru" in p.cell:
        attributes["linear_before_reset"] = int(p.cell == "lbr_gru")
    node = helper.make_node({"rnn": "RNN", "lstm": "LSTM"}.get(p.cell, "GRU"),
                            ["x", "W", "R", "B", "", *list(given)[1:]], list(wanted), **attributes)

    def typed(arrays):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in arrays.items()]

    graph = helper.make_graph([node], "layer", typed(given), typed(wanted),
                              [numpy_helper.from_array(np.ascontiguousarray(array), name)
                               for name, array in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


class Library:
    def __init__(self, _side, threads):
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads = threads
        self.options.inter_op_num_threads = 1
        self.options.log_severity_level = 3
        self.version = onnxruntime.__version__

    def prepare(self, p, work):
        if work != "inference":
            raise Missing("it has no gradients")
        session = onnxruntime.InferenceSession(model_of(p).SerializeToString(), self.options,
                                               providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_cpu_input("x", p.x)
        binding.bind_cpu_input("h0", p.h0[None])
        if p.lstm:
            binding.bind_cpu_input("c0", p.c0[None])
        outputs = [onnxruntime.OrtValue.ortvalue_from_shape_and_type(output.shape, np.float32)
                   for output in session.get_outputs()]
        for output, value in zip(session.get_outputs(), outputs):
            binding.bind_ortvalue_output(output.name, value)
        return ("one node", lambda: session.run_with_iobinding(binding),
                lambda _: [value.numpy() for value in outputs])
