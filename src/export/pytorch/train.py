#!/usr/bin/env python3
"""Trains in PyTorch what NormLab trained in the browser: same network, weights, batches, optimizer and schedule.

    python train.py --check                             first ten losses beside the browser's (no data needed)
    python train.py --data cifar-10-batches-bin         the whole run, with the epoch table
    torchrun --nproc-per-node=4 train.py --data ...     the same on four processes (DistributedDataParallel)

Needs PyTorch 1.12 or newer and NumPy. config.json holds the settings, init.safetensors the weights.
"""
import argparse
import hashlib
import json
import math
import os
import pickle
import struct
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn as nn
import torch.nn.functional as F

HERE = Path(__file__).resolve().parent
IMAGE_BYTES = 3 * 32 * 32
CHECKED_STEPS = 10


# ---- Network -----------------------------------------------------------------------------------------------------


class WSConv2d(nn.Conv2d):
    """Weight Standardization as its authors wrote it: unbiased deviation, 1e-5 added to it."""

    def forward(self, x):
        w = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        w = self.gain * w / (w.flatten(1).std(dim=1).view(-1, 1, 1, 1) + 1e-5)
        return F.conv2d(x, w, None, self.stride, self.padding)

    @property
    def gain(self):
        return 1


class ScaledWSConv2d(WSConv2d):
    """Scaled WS (Brock et al. 2021, arXiv:2101.08692): the deviation that keeps the size of activations behind a ReLU."""

    @property
    def gain(self):
        return math.sqrt(2 / (1 - 1 / math.pi) / self.weight[0].numel())


def build_network(norm, ws, width, stem_padding, classes, ws_gain='unit'):
    """ResNet-18 for 32x32 images: 3x3 stem of stride 1, no max-pool; names as in torchvision."""
    conv = (ScaledWSConv2d if ws_gain == 'scaled' else WSConv2d) if ws else nn.Conv2d

    def normalize(channels):
        if norm == 'bn':
            return nn.BatchNorm2d(channels)
        if norm == 'gn':
            return nn.GroupNorm(max(1, min(32, channels // 2)), channels)
        return nn.Identity()

    class BasicBlock(nn.Module):
        def __init__(self, inside, out, stride):
            super().__init__()
            self.conv1, self.bn1 = conv(inside, out, 3, stride, 1, bias=False), normalize(out)
            self.conv2, self.bn2 = conv(out, out, 3, 1, 1, bias=False), normalize(out)
            self.downsample = None
            if stride != 1 or inside != out:
                self.downsample = nn.Sequential(conv(inside, out, 1, stride, bias=False), normalize(out))

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(y + (x if self.downsample is None else self.downsample(x)))

    class ResNet18(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.bn1 = conv(3, width, 3, 1, stem_padding, bias=False), normalize(width)
            inside = width
            for i, factor in enumerate((1, 2, 4, 8)):
                out = factor * width
                blocks = [BasicBlock(inside, out, 1 if i == 0 else 2), BasicBlock(out, out, 1)]
                setattr(self, f'layer{i + 1}', nn.Sequential(*blocks))
                inside = out
            self.fc = nn.Linear(inside, classes)

        def forward(self, x):
            x = F.relu(self.bn1(self.conv1(x)))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(x.mean(dim=(2, 3)))

    return ResNet18()


# ---- safetensors: 8 bytes header length, JSON header, tensors (github.com/huggingface/safetensors) -----------------

KINDS = {'F32': np.dtype('<f4'), 'I32': np.dtype('<i4'), 'I64': np.dtype('<i8'), 'U8': np.dtype('u1')}


def read_safetensors(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack_from('<Q', data)
    header = json.loads(data[8 : 8 + length])
    header.pop('__metadata__', None)
    body = memoryview(data)[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry['data_offsets'])], KINDS[entry['dtype']]).reshape(entry['shape'])
        for name, entry in header.items()
    }


def write_safetensors(path, tensors, metadata):
    header, parts, at = {'__metadata__': metadata}, [], 0
    # Wider elements first, so that every tensor is aligned.
    for name, array in sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize):
        kind = next(kind for kind, dtype in KINDS.items() if dtype == array.dtype)
        parts.append(np.ascontiguousarray(array).tobytes())
        header[name] = {'dtype': kind, 'shape': list(array.shape), 'data_offsets': [at, at + len(parts[-1])]}
        at += len(parts[-1])
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    Path(path).write_bytes(struct.pack('<Q', len(text)) + text + b''.join(parts))


# ---- Random numbers: Philox 4x32-10 (Salmon et al. 2011), counted, so that any position needs no history ----------

STREAM_ORDER, STREAM_AUGMENTATION = 2, 3


def philox(c0, c1, seed, stream):
    """The four 32-bit words of the blocks (c0, c1, 0, 0) under the key (seed, stream); c0, c1: arrays or numbers."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c0, c1 = np.broadcast_arrays(np.asarray(c0, np.uint64), np.asarray(c1, np.uint64))
    c2, c3 = np.zeros_like(c0), np.zeros_like(c0)
    for i in range(10):
        k0 = np.uint64((seed + i * 0x9E3779B9) & 0xFFFFFFFF)
        k1 = np.uint64((stream + i * 0xBB67AE85) & 0xFFFFFFFF)
        product0, product1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (
            (product1 >> shift) ^ c1 ^ k0,
            product1 & mask,
            (product0 >> shift) ^ c3 ^ k1,
            product0 & mask,
        )
    return c0, c1, c2, c3


def epoch_order(seed, epoch, count, batch):
    """Training-image indices of one epoch: sorted by random keys, the last partial batch dropped."""
    keys = philox(np.arange(count), epoch, seed, STREAM_ORDER)[0]
    return np.argsort(keys, kind='stable')[: count // batch * batch]


def augment(images, seed, step, first):
    """Pad-4 crop and flip of bytes [N, 3, 32, 32]; `first`: place of the first image in the whole batch."""
    count = len(images)
    rows, columns, flips, _ = philox(step, first + np.arange(count), seed, STREAM_AUGMENTATION)
    place = lambda words: torch.from_numpy(((words * np.uint64(9)) >> np.uint64(32)).astype(np.int64))
    grid = torch.arange(32)
    down = place(rows)[:, None] + grid
    flipped = torch.from_numpy(flips >= 0x80000000)[:, None]
    across = place(columns)[:, None] + torch.where(flipped, 31 - grid, grid)
    padded = F.pad(images, (4, 4, 4, 4))
    index = torch.arange(count)
    return padded.permute(0, 2, 3, 1)[
        index[:, None, None].to(images.device), down[:, :, None].to(images.device), across[:, None, :].to(images.device)
    ].permute(0, 3, 1, 2)


# ---- Schedule: fastai v1's one-cycle ------------------------------------------------------------------------------


def step_values(config, step):
    """Learning rate and momentum of a step."""
    top, total = config['maxLearningRate'], config['totalSteps']
    if config['schedule'] == 'constant':
        return top, config['momentum']
    cosine = lambda start, end, share: end + (start - end) / 2 * (np.cos(np.pi * share) + 1)
    planned = int(0.3 * total)
    rise = max(1, planned)
    if step <= rise:
        share = step / rise
        return cosine(top / 25, top, share), cosine(0.95, 0.85, share)
    share = (step - rise) / (total - planned)
    return cosine(top, top / 250_000, share), cosine(0.85, 0.95, share)


# ---- Images -------------------------------------------------------------------------------------------------------


def read_half(folder, names):
    """Official CIFAR-10 files, binary or Python version: labels [N], pixels [N, 3072] (three planes)."""
    labels, pixels = [], []
    for name in names:
        if (folder / f'{name}.bin').exists():
            data = np.fromfile(folder / f'{name}.bin', np.uint8).reshape(-1, 1 + IMAGE_BYTES)
            labels.append(data[:, 0])
            pixels.append(data[:, 1:])
        elif (folder / name).exists():
            # A pickle runs code: only for files that you trust.
            with open(folder / name, 'rb') as file:
                batch = pickle.load(file, encoding='bytes')
            labels.append(np.array(batch[b'labels'], np.uint8))
            pixels.append(batch[b'data'])
        else:
            sys.exit(f'{folder} lacks {name}.bin (or {name}): unpack cifar-10-binary.tar.gz there.')
    return np.concatenate(labels), np.concatenate(pixels)


def sort_half(labels, pixels):
    """NormLab's order: by SHA-256 of label and pixels [H, W, C], whatever files the images came from."""
    interleaved = pixels.reshape(-1, 3, 1024).transpose(0, 2, 1).reshape(-1, IMAGE_BYTES)
    records = np.concatenate([labels[:, None], interleaved], 1)
    digests = [hashlib.sha256(record.tobytes()).digest() for record in records]
    order = sorted(range(len(digests)), key=lambda i: (digests[i], i))
    whole = hashlib.sha256(b''.join(digests[i] for i in order)).digest()
    return labels[order], pixels[order].reshape(-1, 3, 32, 32), whole


def read_cifar10(folder):
    """Both halves as (images [N, 3, 32, 32], labels [N]), and the hash that NormLab shows for the set."""
    train = sort_half(*read_half(folder, [f'data_batch_{i}' for i in range(1, 6)]))
    valid = sort_half(*read_half(folder, ['test_batch']))
    content = hashlib.sha256(b'normlab images 1\n' + train[2] + valid[2]).hexdigest()
    return (train[1], train[0]), (valid[1], valid[0]), content


# ---- Training -----------------------------------------------------------------------------------------------------


class Processes:
    """What torchrun says; one process without it."""

    def __init__(self, device):
        self.count, self.rank = int(os.environ.get('WORLD_SIZE', 1)), int(os.environ.get('RANK', 0))
        local = int(os.environ.get('LOCAL_RANK', 0))
        has_gpu = torch.cuda.is_available() and device != 'cpu'
        self.device = torch.device(device or (f'cuda:{local}' if has_gpu else 'cpu'))
        if self.device.type == 'cuda':
            torch.cuda.set_device(self.device)
        if self.count > 1:
            dist.init_process_group('nccl' if self.device.type == 'cuda' else 'gloo')

    def sum(self, *values):
        if self.count == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.tolist()

    def print(self, *text):
        if self.rank == 0:
            print(*text, flush=True)


class Trainer:
    def __init__(self, config, weights, processes):
        self.config, self.processes = config, processes
        if config['batchSize'] % processes.count:
            sys.exit(f"A batch of {config['batchSize']} images cannot be split over {processes.count} processes.")
        self.network = build_network(
            config['norm'],
            config['ws'],
            config['width'],
            config['stemPadding'],
            config['classes'],
            config.get('wsGain', 'unit'),
        )
        self.network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
        self.network.to(processes.device)
        self.model = self.network
        if processes.count > 1:
            # Every process normalizes by its own part of the batch, as DistributedDataParallel does.
            self.model = nn.parallel.DistributedDataParallel(self.network)
        decay = config['weightDecay']
        if config['optimizer'] == 'adamw':
            self.optimizer = torch.optim.AdamW(
                self.network.parameters(), betas=(0.9, 0.99), eps=1e-8, weight_decay=decay
            )
        else:
            self.optimizer = torch.optim.SGD(self.network.parameters(), lr=1, momentum=0.9, weight_decay=decay)
        self.average, self.count = 0.0, 0

    def prepare(self, images):
        device = self.processes.device
        mean = torch.tensor(self.config['mean'], device=device).view(1, 3, 1, 1)
        deviation = torch.tensor(self.config['deviation'], device=device).view(1, 3, 1, 1)
        return (images.to(device).float() / 255 - mean) / deviation

    def train_step(self, step, images, labels):
        """One step on the whole batch, of which each process takes its part. Returns the mean loss."""
        config, processes = self.config, self.processes
        part = len(images) // processes.count
        own = slice(processes.rank * part, (processes.rank + 1) * part)
        images, labels = images[own], labels[own]
        if config['augmentation'] == 'crop-flip':
            images = augment(images, config['seed'], step, own.start)
        rate, momentum = step_values(config, step)
        for group in self.optimizer.param_groups:
            group['lr'] = rate
            if config['optimizer'] == 'adamw':
                group['betas'] = (momentum, 0.99)
            else:
                group['momentum'] = momentum
        self.model.train()
        loss = F.cross_entropy(self.model(self.prepare(images)), labels.to(processes.device))
        self.optimizer.zero_grad()
        loss.backward()
        if config.get('gradientClip'):
            nn.utils.clip_grad_norm_(self.network.parameters(), config['gradientClip'])
        self.optimizer.step()
        mean = processes.sum(loss.item())[0] / processes.count
        self.average = 0.98 * self.average + 0.02 * mean
        self.count += 1
        return mean

    def smoothed(self):
        return self.average / (1 - 0.98**self.count)

    @torch.no_grad()
    def evaluate(self, images, labels, batch=256):
        """Mean loss and accuracy in evaluation mode."""
        self.network.eval()
        if self.processes.count > 1:
            # Running statistics differ by process: those of the first one count, as in DistributedDataParallel.
            for buffer in self.network.buffers():
                dist.broadcast(buffer, 0)
        loss = correct = 0
        for at in range(self.processes.rank * batch, len(images), self.processes.count * batch):
            target = labels[at : at + batch].to(self.processes.device)
            logits = self.network(self.prepare(images[at : at + batch]))
            loss += F.cross_entropy(logits, target, reduction='sum').item()
            correct += (logits.argmax(1) == target).sum().item()
        loss, correct = self.processes.sum(loss, correct)
        return loss / len(images), correct / len(images)

    def save(self, path):
        tensors = {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}
        write_safetensors(path, tensors, {'config': json.dumps(self.config)})


def clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{seconds:02}' if hours else f'{minutes}:{seconds:02}'


def as_tensors(images, labels):
    return torch.from_numpy(images.copy()), torch.from_numpy(labels.astype(np.int64))


def check(trainer, processes):
    """Trains the first steps on the bundle's images and compares with the browser's losses."""
    config = trainer.config
    sample = read_safetensors(HERE / 'sample.safetensors')
    images, labels = as_tensors(sample['images'].transpose(0, 3, 1, 2), sample['labels'])
    batch, worst = config['batchSize'], 0.0
    processes.print('step  loss      NormLab   difference')
    for step in range(min(CHECKED_STEPS, len(images) // batch)):
        own = slice(step * batch, (step + 1) * batch)
        loss = trainer.train_step(step, images[own], labels[own])
        expected = config['losses'][step] if step < len(config['losses']) else None
        if expected is None:
            processes.print(f'{step:4d}  {loss:.6f}')
            continue
        difference = abs(loss - expected) / abs(expected)
        worst = max(worst, difference) if difference == difference else float('inf')
        processes.print(f'{step:4d}  {loss:.6f}  {expected:.6f}  {difference:.1e}')
    if config['losses']:
        processes.print(f'Largest relative difference: {worst:.1e}')
    return 0 if worst <= 1e-3 else 1


def train(trainer, processes, folder, max_steps):
    config = trainer.config
    (images, labels), valid, content = read_cifar10(folder)
    if content != config['datasetHash']:
        processes.print('Note: these are other images than those the browser trained on.')
    images, labels = as_tensors(images[: config['trainCount']], labels[: config['trainCount']])
    valid = as_tensors(valid[0][: config['validCount']], valid[1][: config['validCount']])
    batch, step = config['batchSize'], 0
    per_epoch = len(images) // batch
    if per_epoch != config['stepsPerEpoch']:
        config['totalSteps'] = per_epoch * config['epochs']
    processes.print('epoch  train_loss  valid_loss  accuracy  time')
    for epoch in range(config['epochs']):
        start = time.time()
        order = torch.from_numpy(epoch_order(config['seed'], epoch, len(images), batch))
        for at in range(0, len(order), batch):
            if step == max_steps:
                return 0
            chosen = order[at : at + batch]
            loss = trainer.train_step(step, images[chosen], labels[chosen])
            if step < CHECKED_STEPS:
                processes.print(f'       step {step}: loss {loss:.6f}')
            step += 1
        loss, accuracy = trainer.evaluate(*valid)
        processes.print(
            f'{epoch:5d}  {trainer.smoothed():10.6f}  {loss:10.6f}  {accuracy:8.6f}  {clock(time.time() - start)}'
        )
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', type=Path, help='folder of the official CIFAR-10 files')
    parser.add_argument('--check', action='store_true', help="compare the first losses with the browser's")
    parser.add_argument('--weights', type=Path, default=HERE / 'init.safetensors')
    parser.add_argument('--max-steps', type=int, default=-1, metavar='N', help='stop after N steps')
    parser.add_argument('--save', type=Path, metavar='FILE', help='write the weights at the end, as safetensors')
    parser.add_argument('--device', help="'cpu', 'cuda:1', ...; by default the GPU if there is one")
    options = parser.parse_args()
    # Full float32, as in the browser: tensor cores would round inputs to 10 bits.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    config = json.loads((HERE / 'config.json').read_text())
    processes = Processes(options.device)
    trainer = Trainer(config, read_safetensors(options.weights), processes)
    if options.check or options.data is None:
        status = check(trainer, processes)
    else:
        status = train(trainer, processes, options.data, options.max_steps)
    if options.save and processes.rank == 0:
        trainer.save(options.save)
    if processes.count > 1:
        # No process may leave while another one still reads from it.
        dist.barrier()
        if dist.get_backend() == 'gloo':
            # Gloo's threads can spin for ever once the other side has closed; nothing is left to do.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        dist.destroy_process_group()
    return status


if __name__ == '__main__':
    sys.exit(main())
