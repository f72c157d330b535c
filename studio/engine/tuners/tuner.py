"""What our tuners share: a tuner finds its places in the model, a layer holds what is trained."""

from typing import Any

from peft import PeftConfig
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import nn

from studio.engine.blocks import blocks, is_matrix


class PartLayer(nn.Module, BaseTunerLayer):
    """A module of the base model with trained parts beside it, one an adapter.

    The parts lie in a ModuleDict whose name begins with the tuner's prefix, by which PEFT knows
    what to train and to save.
    """

    def __init__(self, base_layer: nn.Module, prefix: str) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.adapter_layer_names = (f"{prefix}parts",)
        self._disable_adapters = False
        self.merged_adapters: list[str] = []
        self.hooks: list[Any] = []  # on modules beside this one; they go when the layer goes
        setattr(self, self.adapter_layer_names[0], nn.ModuleDict())

    @property
    def parts(self) -> nn.ModuleDict:
        """The trained parts by adapter."""
        return getattr(self, self.adapter_layer_names[0])

    def add(self, name: str, part: nn.Module, frozen: bool) -> None:
        """Put a part in for an adapter, on the base's device and in its number format."""
        self.parts[name] = part
        self._move_adapter_to_device_of_base_layer(name)
        self.set_adapter(self.active_adapters, inference_mode=frozen)

    def active(self) -> list[Any]:
        """Return the parts that work now."""
        if self.disable_adapters or self.merged:
            return []
        return [self.parts[name] for name in self.active_adapters if name in self.parts]

    def __getattr__(self, name: str) -> Any:
        """Look further in the base: models read settings off their attention."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "base_layer":
                raise
            return getattr(self.base_layer, name)

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """Refuse: what these layers learn is no change of the weights."""
        raise NotImplementedError("its layers work beside the weights and cannot become a part")

    def unload_and_optionally_merge_module(
        self, merge: bool, safe_merge: bool, adapter_names: list[str] | None
    ) -> nn.Module:
        """Return the base's module as it was, or with what was learnt in it."""
        if merge:
            self.merge(safe_merge, adapter_names)
        for hook in self.hooks:
            hook.remove()
        return self.get_base_layer()

    def _get_base_layer_device_and_dtype(self, base_layer: nn.Module) -> tuple[Any, Any]:
        """Look at the first matrix of a module that is none itself, such as an attention."""
        matrices = (part for part in base_layer.modules() if is_matrix(part))
        own = getattr(base_layer, "weight", None) is not None
        seen = base_layer if own else next(matrices, base_layer)
        return super()._get_base_layer_device_and_dtype(seen)


class PartTuner(BaseTuner):
    """A tuner that finds its places by itself, by what the layers of the model are made of."""

    tuner_layer_cls = PartLayer
    pairs = False  # whether a layer works with another module of its block, named or not
    found: Any = ()  # what `look` saw before anything was put in

    def look(self, model: nn.Module) -> Any:
        """Return what the places are told from; raises ValueError for an unknown make."""
        return blocks(model)

    def places(self, config: Any) -> list[str]:
        """Return the full names of the modules that get parts."""
        raise NotImplementedError

    def layer(self, target: nn.Module, key: str) -> PartLayer:
        """Return the layer that stands in for a module."""
        raise NotImplementedError

    def part(self, config: Any, layer: PartLayer) -> nn.Module:
        """Return what is trained beside a module."""
        raise NotImplementedError

    def _prepare_adapter_config(self, peft_config: PeftConfig, model_config: Any) -> PeftConfig:
        """Leave the config as it is: the places are found in the model itself."""
        return peft_config

    def _prepare_model(self, peft_config: Any, model: nn.Module) -> None:
        """Look at the layers while they are as they were; a saved adapter names its places."""
        if self.pairs or peft_config.target_modules is None:
            self.found = self.found or self.look(model)
        if peft_config.target_modules is None:
            peft_config.target_modules = set(self.places(peft_config))

    def _replace_module(
        self, parent: nn.Module, child_name: str, new_module: nn.Module, child: nn.Module
    ) -> None:
        """Put a module in another's place; PEFT would look for a weight, which attentions lack."""
        setattr(parent, child_name, new_module)

    def _create_and_replace(
        self,
        config: Any,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        **_more: Any,
    ) -> None:
        """Put a layer in the place of a module, or another part into one that is there."""
        new = target if isinstance(target, PartLayer) else self.layer(target, current_key)
        new.add(adapter_name, self.part(config, new), config.inference_mode)
        if new is not target:
            if adapter_name not in self.active_adapters:
                new.requires_grad_(False)
            self._replace_module(parent, target_name, new, target)
