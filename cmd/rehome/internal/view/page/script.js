(function () {
  var box = document.getElementById('search'), table = document.getElementById('items');
  if (box && table) {
    box.hidden = false;
    var rows = table.tBodies[0].rows;
    box.addEventListener('input', function () {
      var words = box.value.toLowerCase().split(/\s+/), shown = 0;
      for (var i = 0; i < rows.length; i++) {
        var text = rows[i].textContent.toLowerCase();
        rows[i].hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
        if (!rows[i].hidden) { shown++; }
      }
      document.getElementById('found').textContent = shown + ' of ' + rows.length;
    });
  }
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (d) { d.open = true; });
  });
})();
