// The plugin: the bar at the top, the choice behind it, and what the course's notebooks get.
import { fillBar } from "./bar.js";
import { begin } from "./choice.js";
import { attendContents } from "./contents.js";
import { attend } from "./lesson.js";

const ID = "lenet-course:plugin";

export async function makePlugin(load) {
  const [{ Widget }, notebook, { ISettingRegistry }, { ITranslator }, { ITableOfContentsTracker }] =
    await Promise.all(["@lumino/widgets", "@jupyterlab/notebook", "@jupyterlab/settingregistry",
      "@jupyterlab/translation", "@jupyterlab/toc"].map(load));
  return {
    id: ID,
    description: "The LeNet course: its language, and class mode.",
    autoStart: true,
    requires: [notebook.INotebookTracker],
    optional: [ISettingRegistry, ITranslator, ITableOfContentsTracker],
    activate: (app, tracker, registry, translator, contents) => {
      addStyle();
      const ours = translator?.languageCode.startsWith("zh") ? "zh" : "en";
      begin(ours);
      followSetting(registry, ours);
      const bar = new Widget();
      bar.id = "lenet-bar";
      fillBar(bar.node);
      app.shell.add(bar, "top", { rank: 1000 });
      attend(app, tracker, notebook);
      if (contents) attendContents(app, contents, tracker);
    },
  };
}

function addStyle() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("style.css", import.meta.url);
  document.head.append(link);
}

async function followSetting(registry, ours) {
  if (!registry) return;
  const settings = await registry.load(ID);
  const obey = () => {
    const { composite } = settings.get("language");
    begin(composite === "jupyterlab" ? ours : composite);
  };
  settings.changed.connect(obey);
  obey();
}
