"""The notebook's networks, written as PyTorch's own examples write theirs."""

import torch.nn.functional as F
from torch import nn


class ConvNet(nn.Module):
    """Blocks of convolution, BatchNorm, ReLU and Dropout2d with 2x2 max-pools after some of them."""

    def __init__(self, channels, poolAfter, dropout, fcDropout):
        super().__init__()
        layers = []
        inputs = 1
        for index, outputs in enumerate(channels, start=1):
            layers += [
                nn.Conv2d(inputs, outputs, kernel_size=3, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
                nn.Dropout2d(dropout),
            ]
            if index in poolAfter:
                layers.append(nn.MaxPool2d(2))
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(fcDropout)
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x):
        x = self.pool(self.features(x)).flatten(1)
        return F.log_softmax(self.fc(self.dropout(x)), dim=1)
