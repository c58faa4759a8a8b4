// Takes the setup token from behind the # of the address, where no log and no referrer sees it.

const field = document.getElementById("token");
if (field && location.hash.startsWith("#rf_")) {
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
}
