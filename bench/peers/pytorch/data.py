"""MNIST as the notebook reads, splits and augments it."""

import torch
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms

MEAN, STD = 0.1307, 0.3081

AUGMENT = transforms.Compose(
    [
        transforms.RandomRotation(10),
        transforms.RandomAffine(degrees=0, translate=(0.1, 0.1)),
        transforms.ToTensor(),
        transforms.Normalize((MEAN,), (STD,)),
    ]
)


def train_loader(root, batch, workers):
    dataset = datasets.MNIST(root, train=True, transform=AUGMENT)
    train, _ = random_split(dataset, [50_000, 10_000], generator=torch.Generator().manual_seed(42))
    return DataLoader(
        train, batch_size=batch, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )


def first_batches(root, batch, count):
    """The first images, normalised and cut into batches that are ready to use."""
    dataset = datasets.MNIST(root, train=True)
    images = dataset.data[: batch * count].unsqueeze(1).float().div(255).sub(MEAN).div(STD)
    labels = dataset.targets[: batch * count]
    return list(zip(images.split(batch), labels.split(batch)))
