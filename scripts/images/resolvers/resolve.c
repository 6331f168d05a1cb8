/*
 * Asks the C library it is linked with for names and addresses: resolve NAME prints the IPv4 addresses, one a line, and
 * resolve -r ADDRESS the name. Ends with 2 where there is no such name and with 3 where nobody answered.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int fail(int error) {
  fprintf(stderr, "%s\n", gai_strerror(error));
  return error == EAI_NONAME ? 2 : 3;
}

static int reverse(const char *text) {
  struct sockaddr_in address;
  char name[NI_MAXHOST];
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &address.sin_addr) != 1) return 1;
  int error = getnameinfo((struct sockaddr *)&address, sizeof address, name, sizeof name, 0, 0, NI_NAMEREQD);
  if (error) return fail(error);
  puts(name);
  return 0;
}

static int forward(const char *name) {
  struct addrinfo hints, *found, *each;
  char text[INET_ADDRSTRLEN];
  memset(&hints, 0, sizeof hints);
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  int error = getaddrinfo(name, 0, &hints, &found);
  if (error) return fail(error);
  for (each = found; each; each = each->ai_next) {
    if (each->ai_family != AF_INET) continue;
    puts(inet_ntop(AF_INET, &((struct sockaddr_in *)each->ai_addr)->sin_addr, text, sizeof text));
  }
  freeaddrinfo(found);
  return 0;
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "-r") == 0) return reverse(words[2]);
  if (count == 2) return forward(words[1]);
  fprintf(stderr, "Usage: %s NAME | -r ADDRESS\n", words[0]);
  return 1;
}
