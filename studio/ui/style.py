"""Fusion with our metrics: what a style sheet cannot say."""

from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleHintReturn, QStyleOption, QWidget, QWizard

RING_MARGIN = 4  # 2 px ring, 2 px away from the control
_METRIC = QStyle.PixelMetric
_LAYOUT = (
    _METRIC.PM_LayoutLeftMargin,
    _METRIC.PM_LayoutTopMargin,
    _METRIC.PM_LayoutRightMargin,
    _METRIC.PM_LayoutBottomMargin,
)
_METRICS = {
    _METRIC.PM_FocusFrameHMargin: RING_MARGIN,
    _METRIC.PM_FocusFrameVMargin: RING_MARGIN,
    _METRIC.PM_ButtonShiftHorizontal: 0,
    _METRIC.PM_ButtonShiftVertical: 0,
    _METRIC.PM_SmallIconSize: 16,
    _METRIC.PM_ButtonIconSize: 16,
}
_HINT = QStyle.StyleHint
_HINTS = {
    _HINT.SH_ComboBox_Popup: 0,
    _HINT.SH_ToolTip_WakeUpDelay: 500,
    _HINT.SH_DialogButtonBox_ButtonsHaveIcons: 0,
    _HINT.SH_EtchDisabledText: 0,
}


class StudioStyle(QProxyStyle):
    """Proxy of Fusion: focus ring margins, and no layout margins inside wizards."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        """Return our metric where we have one, else Fusion's."""
        if metric in _METRICS:
            return _METRICS[metric]
        if metric in _LAYOUT and _in_wizard(widget):
            return 0
        return super().pixelMetric(metric, option, widget)

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        result: QStyleHintReturn | None = None,
    ) -> int:
        """Return our hint where we have one, else Fusion's."""
        if hint in _HINTS:
            return _HINTS[hint]
        return super().styleHint(hint, option, widget, result)


def _in_wizard(widget: QWidget | None) -> bool:
    while widget is not None:
        if isinstance(widget, QWizard):
            return True
        widget = widget.parentWidget()
    return False
