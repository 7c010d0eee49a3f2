"""Networks as the packages have them that they come from: MONAI, dynamic_network_architectures."""

from torch import nn


def attention_unet():
    from monai.networks.nets import AttentionUnet
    return AttentionUnet(2, 1, 1, (32, 64, 128, 256, 512), (2, 2, 2, 2))


def basic_unet():
    from monai.networks.nets import BasicUNet
    return BasicUNet(2, 1, 1)


def monai_unet():
    from monai.networks.nets import UNet
    return UNet(2, 1, 1, (32, 64, 128, 256), (2, 2, 2))


def dynunet():
    from monai.networks.nets import DynUNet
    return DynUNet(2, 1, 1, [3] * 5, [1, 2, 2, 2, 2], [2] * 4)


def highresnet():
    from monai.networks.nets import HighResNet
    return HighResNet(2, 1, 1)


def unetr():
    from monai.networks.nets import UNETR
    return UNETR(1, 1, (96, 96), spatial_dims=2)


def swin_unetr():
    from monai.networks.nets import SwinUNETR
    return SwinUNETR(1, 1, feature_size=24, spatial_dims=2)


def swin_unetr_3d():
    from monai.networks.nets import SwinUNETR
    return SwinUNETR(1, 1, feature_size=24, spatial_dims=3)


# What nnU-Net gives both of its networks.
STAGES = {"input_channels": 1, "n_stages": 6, "features_per_stage": (32, 64, 128, 256, 320, 320),
          "conv_op": nn.Conv2d, "kernel_sizes": 3, "strides": (1, 2, 2, 2, 2, 2), "num_classes": 1,
          "conv_bias": True, "norm_op": nn.InstanceNorm2d,
          "norm_op_kwargs": {"eps": 1e-5, "affine": True}, "nonlin": nn.LeakyReLU,
          "nonlin_kwargs": {"inplace": True}}


def nnunet_plain():
    from dynamic_network_architectures.architectures.unet import PlainConvUNet
    return PlainConvUNet(n_conv_per_stage=2, n_conv_per_stage_decoder=2, **STAGES)


def nnunet_resenc():
    from dynamic_network_architectures.architectures.unet import ResidualEncoderUNet
    return ResidualEncoderUNet(n_blocks_per_stage=(1, 3, 4, 6, 6, 6), n_conv_per_stage_decoder=1,
                               **STAGES)
