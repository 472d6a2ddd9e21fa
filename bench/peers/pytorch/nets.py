"""The notebook's three networks, written as PyTorch's own examples write theirs."""

import torch.nn.functional as F
from torch import nn


class ConvNet(nn.Module):
    """Blocks of convolution, BatchNorm, ReLU and Dropout2d with 2x2 max-pools in between."""

    def __init__(self, channels, pool_after):
        super().__init__()
        layers = []
        inputs = 1
        for index, outputs in enumerate(channels, start=1):
            layers += [
                nn.Conv2d(inputs, outputs, kernel_size=3, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
                nn.Dropout2d(0.1),
            ]
            if index in pool_after:
                layers.append(nn.MaxPool2d(2))
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x):
        x = self.pool(self.features(x)).flatten(1)
        return F.log_softmax(self.fc(self.dropout(x)), dim=1)


CHANNELS = {
    "optimizedNet": [8, 16, 16, 32, 32],
    "improvedNet": [10, 20, 30, 40, 40],
    "conservativeImprovedNet": [10, 20, 30, 40],
}


def make_net(name):
    return ConvNet(CHANNELS[name], pool_after=(2, 4))
