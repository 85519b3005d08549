FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin pgparley && strip target/release/pgparley

FROM debian:bookworm-slim
# For TLS to a language model's provider.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/pgparley /usr/local/bin/pgparley
USER 65534:65534
EXPOSE 6432 6433
# bash opens the connection itself: the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/6433 && printf 'GET /livez HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.[01] 200' <&3"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["pgparley"]
CMD ["serve"]
