"""The engines that lianode brings."""
