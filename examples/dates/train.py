# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the model, measures it on strings that it has never seen, and writes all files of this folder.

    python3 train.py                      trains, measures, exports
    python3 train.py --weights FILE.pt    measures and exports weights that were trained before
"""

import argparse
import math
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

import dates
import model

SEED = 1
STEPS, WARM_UP, BATCH, RATE = 12_000, 1000, 256, 1.5e-3
SHIFTED = 0.3  # the part of the training texts that is moved to the right
HELD_OUT_SEED, HELD_OUT, LISTED = 2, 10_000, 500
FOLDER = Path(__file__).parent
GOLDEN = ((("20210305", "13/3/99", "5.3.21"), 10), (("the 5th of March 2021",), 1))  # texts, decoder steps of each set


def encode(texts: Sequence[str]) -> Tensor:
    """ASCII codes [batch, length], padded with NUL to the longest text."""
    length = max(map(len, texts))
    return torch.tensor([list(text.encode("ascii").ljust(length, b"\0")) for text in texts])


def encode_iso(isos: Sequence[str]) -> Tensor:
    return torch.tensor([[model.HYPHEN if c == "-" else int(c) for c in iso] for iso in isos])


def decode_iso(tokens: Tensor) -> list[str]:
    return ["".join("-" if t == model.HYPHEN else str(t) for t in row) for row in tokens.tolist()]


def learning_rate(step: int) -> float:
    """Linear warm-up, then a half cosine down to zero, as a part of RATE."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP)))


def training_texts(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Up to `count` pairs of text and ISO date, some moved to the right by spaces.

    Long texts are rare, so the model would see few letters at late positions; without the spaces nearly all of its
    mistakes are in texts of more than 33 characters.
    """
    pairs = []
    for example in (dates.draw(rng) for _ in range(count)):
        text = example.text
        if rng.random() < SHIFTED:
            text = " " * rng.randint(0, dates.MAX_LENGTH - len(text)) + text
        if not (dates.is_held_out(example.text) or dates.is_held_out(text)):
            pairs.append((text, example.iso))
    return pairs


def training_batches() -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of (tokens, targets). Texts of like length share a batch, which halves the padding."""
    rng = random.Random(SEED)
    while True:
        pool = sorted(training_texts(rng, 32 * BATCH), key=lambda pair: len(pair[0]) + rng.random())
        batches = [pool[i : i + BATCH] for i in range(0, len(pool) - BATCH + 1, BATCH)]
        rng.shuffle(batches)
        for batch in batches:
            texts, isos = zip(*batch)
            yield encode(texts), encode_iso(isos)


def train(checkpoint: Path) -> model.Transformer:
    torch.manual_seed(SEED)
    net = model.Transformer()
    print(f"{sum(p.numel() for p in net.parameters())} parameters", flush=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, learning_rate)
    start = torch.full((BATCH, 1), model.START)
    began = time.monotonic()
    for step, (tokens, targets) in zip(range(1, STEPS + 1), training_batches()):
        logits = net(tokens, torch.cat((start, targets[:, :-1]), dim=1))
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step}  loss {loss.item():.4f}  {time.monotonic() - began:.0f} s", flush=True)
        if step % 500 == 0 or step == STEPS:
            torch.save(net.state_dict(), checkpoint)
            right, wrong = measure(net, HELD_OUT_SEED + 1, 1000)
            formats = Counter(example.format.template for example, _ in wrong).most_common(5)
            print(f"step {step}  exact {right / 10:.1f} %  wrong {formats}", flush=True)
    return net


def measure(net: model.Transformer, seed: int, count: int) -> tuple[int, list[tuple[dates.Example, str]]]:
    """How many of `count` held-out strings greedy decoding gets wholly right, and the others with its answer."""
    examples = sorted(dates.examples(seed, count, held_out=True), key=lambda e: len(e.text))
    wrong = []
    for i in range(0, count, BATCH):
        batch = examples[i : i + BATCH]
        answers = decode_iso(net.greedy(encode([e.text for e in batch])))
        wrong += [(e, answer) for e, answer in zip(batch, answers) if answer != e.iso]
    return count - len(wrong), wrong


def export(net: model.Transformer) -> None:
    """Writes encoder.onnx and decoder.onnx, the golden data of both and the list of held-out strings."""
    inputs = {"tokens": {0: "batch", 1: "length"}, "prefix": {0: "batch", 1: "steps"}}
    inputs["memory"] = inputs["tokens"]
    signatures = {  # inputs, output
        "encoder": (net.encoder, ("tokens",), "memory", inputs["memory"]),
        "decoder": (net.decoder, ("prefix", "memory", "tokens"), "logits", inputs["prefix"]),
    }
    for name, (module, names, output, output_axes) in signatures.items():
        for number, (texts, steps) in enumerate(GOLDEN):
            values = {"tokens": encode(texts)}
            values["memory"] = net.encoder(values["tokens"])
            start = torch.full((len(texts), 1), model.START)
            values["prefix"] = torch.cat((start, net.greedy(values["tokens"])), dim=1)[:, :steps]
            arguments = tuple(values[n].detach() for n in names)
            if number == 0:  # the first set has no size of 1, which the exporter could mistake for a fixed one
                path = FOLDER / f"{name}.onnx"
                torch.onnx.export(
                    module, arguments, str(path), input_names=list(names), output_names=[output], opset_version=17,
                    dynamic_axes={output: output_axes} | {n: inputs[n] for n in names},
                )  # fmt: skip
                onnx.checker.check_model(str(path), full_check=True)
            folder = FOLDER / "golden" / name / f"test_data_set_{number}"
            folder.mkdir(parents=True, exist_ok=True)
            for i, argument in enumerate(arguments):
                write_tensor(folder / f"input_{i}.pb", names[i], argument)
            write_tensor(folder / "output_0.pb", output, module(*arguments).detach())
    listed = dates.examples(HELD_OUT_SEED, LISTED, held_out=True)
    (FOLDER / "heldout.tsv").write_text("".join(f"{e.text}\t{e.iso}\n" for e in listed))


def write_tensor(path: Path, name: str, tensor: Tensor) -> None:
    path.write_bytes(numpy_helper.from_array(tensor.contiguous().numpy(), name).SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, metavar="FILE.pt")
    parser.add_argument("--checkpoint", type=Path, default=Path(tempfile.gettempdir(), "dates.pt"), metavar="FILE.pt",
                        help="where training saves its weights (%(default)s)")  # fmt: skip
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.weights:
        net = model.Transformer()
        net.load_state_dict(torch.load(options.weights))
    else:
        net = train(options.checkpoint)
    net.eval()
    export(net)
    right, wrong = measure(net, HELD_OUT_SEED, HELD_OUT)
    for example, answer in wrong:
        print(f"{example.text!r}: {answer} instead of {example.iso}")
    print(f"{right} of {HELD_OUT} right: {100 * right / HELD_OUT:.2f} %")


if __name__ == "__main__":
    main()
