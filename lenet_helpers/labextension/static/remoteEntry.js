// What JupyterLab loads first: a container as webpack's module federation would make it, by hand.
// https://webpack.js.org/concepts/module-federation/#dynamic-remote-containers
(() => {
  const plugin = new URL("plugin.js", document.currentScript.src);
  let shared = null; // the modules that JupyterLab shares: {name: {version: {get, loaded}}}

  // A shared module; of several versions the one in use, since these modules exist once.
  async function load(name) {
    const versions = Object.values(shared[name]);
    const factory = await (versions.find(({ loaded }) => loaded) ?? versions[0]).get();
    return factory();
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["lenet-course"] = {
    init: (scope) => { shared = scope; },
    get: async () => {
      const { makePlugin } = await import(plugin);
      const made = await makePlugin(load);
      return () => ({ __esModule: true, default: made });
    },
  };
})();
