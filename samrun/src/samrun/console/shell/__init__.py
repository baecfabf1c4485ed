"""Shell of the console: what every page has around its content, the style sheet and the scripts.

`html_pages` renders the pages, with the filters of `text_filters`. `content` says what they show of any bytes, `forms`
reads what they send, and `sample_files` finds the events of an application. A page extends shell/templates/base.html,
which has the navigation. The files of shell/static are served below /static: console.css has the custom properties and
the parts that every view uses, theme.js and console.js the script that every page has, and htmx.min.js is htmx 2 as its
authors publish it (THIRD-PARTY.md).
"""
