//! The examples below each `--help`: somebody who reads them can go on without another page.

pub(super) const FOREBAY: &str = "\
Examples:
  forebay run --upstream http://127.0.0.1:3000   serve now, without a file
  forebay check -c forebay.yaml                  every mistake at once
  forebay explain GET http://localhost:8080/     what would happen, and why
  forebay run -c forebay.yaml                    serve

`forebay COMMAND --help` tells more. Exit codes: 0 all is well, 1 failed while running, 2 wrong
arguments, 3 the configuration is wrong or cannot be read.";

pub(super) const CHECK: &str = "\
Examples:
  forebay check                        the file that `forebay run` would take
  forebay check -c forebay.yaml        this one
  forebay check -o json | jq .         for programs
  forebay check --strict               in a pipeline: warnings fail it too

Exit codes: 0 all is well, 3 there are mistakes, 4 there are warnings and --strict was given.";

pub(super) const COMPLETIONS: &str = "\
Example:
  forebay completions bash > /etc/bash_completion.d/forebay";

pub(super) const DEMO: &str = "\
Starts a slow API of its own on free ports, sends it the same traffic first directly and then
through Forebay, and prints a table. Then it goes on serving, for you to try. Nothing on this
machine is changed.

Examples:
  forebay demo                         until Ctrl-C
  forebay demo --once                  end when the table is printed";

pub(super) const EXPLAIN: &str = "\
Examples:
  forebay explain GET http://localhost:8080/api/products
  forebay explain -c forebay.yaml GET 'http://shop.example.com/api/products?utm_source=x' \\
      -H 'Accept-Encoding: br' -H 'X-Api-Key: abc'
  forebay explain --upstream http://127.0.0.1:3000 POST /orders
  curl -si http://127.0.0.1:3000/api/products | \\
      forebay explain GET /api/products --response -
  forebay explain GET /api/products --ask

It names the route and what speaks for it, every setting with the line that decided it, the parts of
the cache key, and the limits with the key of this caller. Then it says whether the answer would be
cached, and if not, why, and which one line would change that: for an origin that says nothing about
caching, for the answer in a file, or with --ask for the one that the upstream gives now. Without
--ask nothing is sent anywhere.";

pub(super) const HEALTHCHECK: &str = "\
Ends with 0 when the Forebay on this machine is ready, with 1 when it is not or does not answer.
It needs no shell and no other program, so that it suits a container's health check:
  HEALTHCHECK CMD [\"/usr/local/bin/forebay\", \"healthcheck\"]";

pub(super) const RUN: &str = "\
Examples:
  forebay run --upstream http://127.0.0.1:3000   without a file, on 127.0.0.1:8080
  forebay run --upstream http://127.0.0.1:3000 --listen 0.0.0.0:80
  forebay run -c forebay.yaml

The smallest file:
  version: 1
  listeners:
    - address: 0.0.0.0:8080
  upstreams:
    app: {endpoints: [http://127.0.0.1:3000]}
  routes:
    - name: everything
      upstream: app

SIGTERM and SIGINT end it when requests in flight are done; a second one ends it at once. The
access log goes to standard output, everything else to standard error.";

pub(super) const SCHEMA: &str = "\
Example:
  forebay schema > forebay.schema.json
and in the first line of forebay.yaml:
  # yaml-language-server: $schema=./forebay.schema.json";

pub(super) const PURGE: &str = "\
Examples:
  forebay purge --url https://shop.example.com/api/products/7
  forebay purge --prefix https://shop.example.com/api/products/
  forebay purge --tag products
  forebay purge --all --hard

What is purged counts as stale: it is asked for anew, and may stand in while that is done or when the
origin fails, as far as the route allows. With --hard it is never used again. It is told to the admin
listener, whose answer is printed.";

pub(super) const WARM: &str = "\
Examples:
  forebay warm --url http://shop.example.com/api/products
  forebay warm --sitemap https://shop.example.com/sitemap.xml
  forebay warm --access-log access.log --top 500 --rate 20/s
  forebay warm --through unix:/run/forebay.sock --url-file urls.txt -o json

Each URL is asked for with GET at --through, with the URL's own host, so that what is kept is what
clients find. It ends with 1 when a URL could not be fetched.";
