# syntax=docker/dockerfile:1
# Build: docker build -t forebay:0.1.0 .

# --- tools: what every build stage needs ---------------------------------------------------------
FROM rust:1-bookworm AS tools
WORKDIR /build
# cmake and the C compiler are for zlib-ng and mimalloc. Debian's archive moves within a release:
# pinning exact package versions would break the build at every point release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake pkg-config \
    && rm -rf /var/lib/apt/lists/* \
    && cargo install cargo-chef --locked --version 0.1.78

# --- plan: the dependencies alone, so that the next layer changes only when they do --------------
FROM tools AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

# --- build ---------------------------------------------------------------------------------------
FROM tools AS build
COPY --from=plan /build/recipe.json recipe.json
RUN cargo chef cook --release --locked --package forebay --recipe-path recipe.json
COPY . .
RUN cargo build --release --locked --package forebay \
    && strip --strip-debug target/release/forebay

# --- the image: glibc, CA certificates and the binary; no shell ----------------------------------
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Forebay" \
      org.opencontainers.image.description="An optimization sidecar: caches, compresses, limits, deduplicates and balances in front of any HTTP backend" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /build/target/release/forebay /usr/local/bin/forebay
USER 65532:65532
# 8080 clients, 9902 probes and metrics. The admin listener, 9901, stays on the loopback.
EXPOSE 8080 9902
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/forebay", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/forebay"]
CMD ["run", "-c", "/etc/forebay/forebay.yaml"]
