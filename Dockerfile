# An image that has retry and nothing else; `docker build .` makes it from this folder. It is to copy from:
#
#     COPY --from=retry /retry /usr/local/bin/retry
#
# scripts/test-image.sh runs the binary in a root like this one.
ARG RUST=1.91-bookworm
FROM rust:${RUST} AS build
WORKDIR /source
COPY . .
RUN make build

FROM scratch
COPY --from=build /source/target/release/retry /retry
ENTRYPOINT ["/retry"]
