"""The network as functions may use it: HTTP by `wasi:http`, under everything that wants sockets.

Libraries for HTTP end in a socket that they write HTTP/1.1 to. `sockets` has one that reads
it, `exchange` sends what it read by `wasi:http`, and the answer is written as HTTP/1.1 again.
So `http.client`, urllib3, requests, botocore and httpx work as they are. The host
makes the connections, checks the certificates, and decides by the function's grants.
"""
