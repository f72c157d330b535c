"""The language of the window: our sentences, and Qt's own words in its menus and dialogs."""

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QTranslator

from studio.words import language, use_language

_qt_words = QTranslator()


def speak(code: str) -> None:
    """Speak this language from now on; what is on the screen must be made anew."""
    use_language(code)
    QCoreApplication.removeTranslator(_qt_words)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if language() != "en" and _qt_words.load(f"qtbase_{language()}", folder):
        QCoreApplication.installTranslator(_qt_words)
