"""The tutorial's program in Keras 3 (the backend in KERAS_BACKEND) or PyTorch 2: seconds of
each epoch, the first one, which compiles, left out.

    peers.py keras|torch rnn|lstm|gru EPOCHS
    peers.py versions
"""
import os
import sys
import time

import numpy as np

COUNT, STEPS, V, E, H, BATCH = 6400, 50, 10000, 64, 64, 32


def data():
    k = np.arange(COUNT * STEPS, dtype=np.int64)
    x = ((k * 7919 + k * k % 999983 * 31) % 1000003 % V).astype(np.int32).reshape(COUNT, STEPS)
    return x, (x[:, 3] < 5000).astype(np.float32).reshape(-1, 1)


def with_keras(cell, epochs):
    import keras
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow as tf
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    layer = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    model = keras.Sequential([keras.layers.Embedding(V, E), layer(H),
                              keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    times = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            times.append(time.perf_counter() - self.start)

    x, y = data()
    history = model.fit(x, y, epochs=epochs + 1, batch_size=BATCH, verbose=0, callbacks=[Clock()])
    return times[1:], history.history["loss"][-1]


def with_torch(cell, epochs):
    import torch
    torch.set_num_threads(1)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(V, E)
            layer = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
            self.inner = layer(E, H, batch_first=True)
            self.head = torch.nn.Linear(H, 1)

        def forward(self, tokens):
            return self.head(self.inner(self.embedding(tokens))[0][:, -1])

    model = Model()
    optimizer = torch.optim.Adam(model.parameters())
    loss_of = torch.nn.BCEWithLogitsLoss()
    x, y = (torch.from_numpy(a) for a in data())
    times, loss = [], 0.0
    for _ in range(epochs + 1):
        start = time.perf_counter()
        order, total, right = torch.randperm(COUNT), 0.0, 0.0
        for at in range(0, COUNT, BATCH):
            rows = order[at:at + BATCH]
            optimizer.zero_grad()
            z = model(x[rows])
            loss = loss_of(z, y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()
            right += ((z > 0) == (y[rows] > 0.5)).float().mean().item()
        times.append(time.perf_counter() - start)
    return times[1:], total / (COUNT // BATCH)


if sys.argv[1] == "versions":
    import importlib.metadata as metadata
    print(", ".join(f"{name} {metadata.version(name)}"
                    for name in ("keras", "tensorflow-cpu", "jax", "torch")))
else:
    run = {"keras": with_keras, "torch": with_torch}[sys.argv[1]]
    times, loss = run(sys.argv[2], int(sys.argv[3]))
    print(" ".join("%.4f" % t for t in times), "loss %.4f" % loss)
