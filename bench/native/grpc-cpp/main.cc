#include "bench.h"
#include <cstring>

int main(int count, char **args) {
  if (count != 3) return 2;
  if (strcmp(args[1], "server") == 0) run_server(args[2]);
  else if (strcmp(args[1], "client") == 0) run_client(args[2]);
  else run_cold(args[2]);
}
