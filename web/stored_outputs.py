"""What `make notebooks` stores: of a widget only the sentence beside its view (nbconvert)."""

from nbconvert.preprocessors import Preprocessor

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class WithoutWidgetViews(Preprocessor):
    """Leaves out the views of widgets: without their kernel they would be error messages."""

    def preprocess_cell(self, cell, resources, index):
        """Return the cell without views, and the resources as they are."""
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET_VIEW, None)
        return cell, resources
