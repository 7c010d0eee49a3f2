"""Discriminators: pix2pix's patches and relatives, several scales, masks."""

from torch import nn


def patch_gan(channels=2, width=64):
    layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(.2, True)]
    a = width
    for level in (1, 2, 3):
        b = width << level
        layers += [nn.Conv2d(a, b, 4, 1 if level == 3 else 2, 1, bias=False), nn.BatchNorm2d(b),
                   nn.LeakyReLU(.2, True)]
        a = b
    return nn.Sequential(*layers, nn.Conv2d(a, 1, 4, 1, 1))


def leaky():
    return nn.LeakyReLU(.2, True)


def mmv_layers(count, width=64):
    """The layers of MMV_Im2Im's patch discriminator: one strided less than pix2pix's is wide."""
    layers = [nn.Conv2d(1, width, 4, 2, 1), leaky()]
    for level in range(1, count):
        a, b = (width << min(index, 3) for index in (level - 1, level))
        layers += [nn.Conv2d(a, b, 4, 2, 1), nn.InstanceNorm2d(b), leaky()]
    return nn.Sequential(*layers, nn.Conv2d(b, 1, 4, 1, 1))


def mmv_patch_discriminator():
    return mmv_layers(4)


class Scales(nn.Module):
    """Discriminators of an image and of its half; the scores of the image itself come first too."""

    def __init__(self, make, scales=2):
        super().__init__()
        self.scales = nn.ModuleList(make() for _ in range(scales))
        self.pool = nn.AvgPool2d(3, 2, 1, count_include_pad=False)

    def forward(self, x):
        outputs = []
        for number, scale in enumerate(self.scales):
            x = self.pool(x) if number else x
            found = scale(x)
            found = found if isinstance(found, list) else [found]
            outputs += found if number else [found[-1], *found]
        return outputs


def multiscale_discriminator():
    return Scales(lambda: mmv_layers(3))


class HdPatches(nn.Module):
    """pix2pixHD's discriminator of one scale, which gives the maps of all its layers."""

    def __init__(self, width=64, halvings=3):
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.Conv2d(1, width, 4, 2, 2), leaky())])
        for level in range(1, halvings + 1):
            stride = 2 if level < halvings else 1
            self.layers.append(nn.Sequential(
                nn.Conv2d(width, 2 * width, 4, stride, 2), nn.InstanceNorm2d(2 * width), leaky()))
            width *= 2
        self.layers.append(nn.Conv2d(width, 1, 4, 1, 2))

    def forward(self, x):
        outputs = []
        for layer in self.layers:
            x = layer(x)
            outputs.append(x)
        return outputs


def hd_multiscale_discriminator():
    return Scales(HdPatches)


def keras_patch_discriminator(width=64):
    """The nuclei GAN's, with kernels of 2."""
    layers = []
    for level, (a, b) in enumerate(zip([1, width, 2 * width, 4 * width],
                                       [width, 2 * width, 4 * width, 8 * width])):
        conv = nn.Conv2d(a, b, 2, 2, bias=False) if level < 3 else nn.Conv2d(a, b, 2, 1, 1, bias=False)
        layers += [conv] + [nn.BatchNorm2d(b, eps=1e-3, momentum=.01)] * (level > 0)
        layers.append(nn.LeakyReLU(.3, True))
    return nn.Sequential(*layers, nn.Conv2d(b, 1, 2, 1, 1))


def mask_discriminator(width=64):
    """DCGAN's discriminator of 28 x 28 masks."""
    layers = []
    for a, b in ((1, width), (width, 2 * width)):
        # Keras pads one pixel before and two after.
        layers += [nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(a, b, 5, 2), nn.LeakyReLU(.3, True),
                   nn.Dropout(.3)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(7 * 7 * 2 * width, 1))
