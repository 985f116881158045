# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # of netns.sh and of nginx.sh
# workers.sh: nginx is started by root and its worker processes are another user's, as they are by
# default: they read files of passwords that nobody else may read. Sourced by nginx.sh.

workers=$work/workers
workers_g="pid $work/workers.pid; error_log $workers/error.log;"

# workers_objects PASSWORD: a host whose user is alice
workers_objects() {
	cat <<-END
	kind: Secret
	metadata: {name: users}
	data: {auth: $(printf 'alice:%s\n' "$(openssl passwd -apr1 "$1")" | base64 -w0)}
	---
	kind: Service
	metadata: {name: inner}
	spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}
	---
	kind: EndpointSlice
	apiVersion: discovery.k8s.io/v1
	metadata: {name: inner-1, labels: {kubernetes.io/service-name: inner}}
	addressType: IPv4
	ports: [{name: http, port: 8080}]
	endpoints: [{addresses: [10.9.0.1]}]
	---
	kind: Ingress
	apiVersion: networking.k8s.io/v1
	metadata:
	  name: inner
	  annotations: {nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users}
	spec:
	  ingressClassName: nginx
	  rules: [{host: inner.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: inner, port: {name: http}}}}]}}]
	END
}

# workers_install PASSWORD [OPTION...]: what compile says of the files
workers_install() {
	workers_objects "$1" >"$workers/objects.yaml"
	shift
	"$SVCRULES" compile --target nginx -f "$workers/objects.yaml" -o "$workers/conf" "$@" \
		--validate "nsenter --net=/run/netns/$netns nginx -t -q -c {}/nginx.conf -g '$workers_g'" 2>&1 |
		sed 's/^.*: files: //'
}

workers_get() { # workers_get [USER:PASSWORD]: the status
	at curl -s -m 5 -o "$workers/body" -w '%{http_code}' ${1:+-u "$1"} --connect-to '::127.0.0.1:' http://inner.example.com/
}

workers_stop() { # workers_stop PIDFILE: ends the nginx that wrote it
	local pid i

	[ -s "$1" ] || return 0
	pid=$(cat "$1")
	kill "$pid"
	for ((i = 0; i < 100; i++)); do
		[ -e "/proc/$pid" ] || return 0
		sleep 0.05
	done
}

workers_start() { # whose the worker processes are; each is root's for a moment
	local users='' i

	workers_stop "$work/workers.pid"
	at nginx -c "$workers/conf/nginx.conf" -g "$workers_g" || echo "does not start"
	for ((i = 0; i < 100; i++)); do
		[ ! -s "$work/workers.pid" ] || users=$(ps -o user= --ppid "$(cat "$work/workers.pid")" | sort -u | paste -sd ' ')
		[[ -z $users || $users == *root* ]] || break
		sleep 0.05
	done
	echo "$users"
}

workers_run() {
	mkdir "$workers"
	chmod 755 "$work" "$workers"
	workers_stop "$work/nginx.pid" # of another part of the suite
	at ip link set lo up
	at ip address add 10.9.0.1/32 dev lo
	printf 'pid %s/inner.pid;\nevents {}\nhttp {\naccess_log off;\nserver { listen 10.9.0.1:8080; return 200 inner; }\n}\n' \
		"$work" >"$workers/inner.conf"
	at nginx -c "$workers/inner.conf" -g "error_log $workers/inner.log;"

	same "files of passwords" "3 written, 0 removed, 0 unchanged" "$(workers_install wonder)"
	same "their owner" "nobody 600" "$(stat -c '%U %a' "$workers/conf/auth_default_users")"
	same "worker processes by default" nobody "$(workers_start)"
	same "no password" 401 "$(workers_get)"
	same "the password" 200 "$(workers_get alice:wonder)"
	same "another password" 401 "$(workers_get alice:rabbit)"
	same "a changed password" "1 written, 0 removed, 2 unchanged" "$(workers_install rabbit)"
	same "which counts at once" "200 401" "$(workers_get alice:rabbit) $(workers_get alice:wonder)"
	chown 0 "$workers/conf/auth_default_users"
	same "a file of root cannot be read" "500 500" "$(workers_get alice:rabbit) $(workers_get alice:wonder)"

	same "--nginx-user" "2 written, 0 removed, 1 unchanged" "$(workers_install wonder --nginx-user www-data)"
	same "owner with it" "www-data 600" "$(stat -c '%U %a' "$workers/conf/auth_default_users")"
	same "worker processes with it" www-data "$(workers_start)"
	same "passwords with it" "401 200 401" "$(workers_get) $(workers_get alice:wonder) $(workers_get alice:rabbit)"
	workers_stop "$work/workers.pid"
	workers_stop "$work/inner.pid"
}

if [ -z "${SVCR_INSIDE:-}" ]; then
	workers_run
else
	# a user namespace of an ordinary user has no other users
	skipped=$((skipped + 1))
	echo "skip - worker processes of another user: only root can start them"
fi
