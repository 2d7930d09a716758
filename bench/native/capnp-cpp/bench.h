#pragma once
void run_server(const char *path);
void run_client(const char *path);
void run_cold(const char *path);
