// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/rest_schema.h"

#include <stdbool.h>
#include <string.h>

#define NAMES "agentName?:s portName?:s"
#define CELL                                                                         \
	"{agent:s dataSource:s metricName:s lastUpdate?:i metricValue?:v topKeys?:[" \
	"{lastUpdate:i value:n key:s}]}"
#define FLOW                                                                                  \
	"{keys:s value:s fs:s n:i t:n dropped:b log:b flowStart:b activeTimeout:n values?:s " \
	"filter?:s ipfixCollectors?:s aggMode?:s}"
#define THRESHOLD "{metric:s value:n byFlow:b timeout:n filter?:<[v]>}"
#define TARGET                                                                              \
	"{address?:s url?:s sent:i bytes:i failed:i port?:i agents?:[s] through?:s via?:s " \
	"copied?:i unresolved?:i tooLong?:i}"

static const struct {
	const char *pattern, *schema;
} schemas[] = {
	{"/agents/json",
	 "<{sFlowDatagramSource:[s] sFlowDatagramsReceived:i sFlowDatagramsLost:i "
	 "sFlowDatagramsOutOfOrder:i sFlowDatagramsDuplicates:i sFlowFlowSamples:i "
	 "sFlowFlowDatasources:i sFlowFlowDrops:i sFlowFlowLostSamples:i "
	 "sFlowFlowDuplicateSamples:i sFlowFlowOutOfOrderSamples:i sFlowCounterSamples:i "
	 "sFlowCounterDatasources:i sFlowCounterLostSamples:i sFlowCounterDuplicateSamples:i "
	 "sFlowCounterOutOfOrderSamples:i sFlowNotificationSamples:i "
	 "sFlowNotificationDatasources:i sFlowNotificationDrops:i "
	 "sFlowNotificationLostSamples:i sFlowNotificationDuplicateSamples:i "
	 "sFlowNotificationOutOfOrderSamples:i firstSeen:i lastSeen:i uptime:i agentName?:s}>"},
	{"/metrics/json", "<i>"},
	{"/metric/{agent}/json", "<v>"},
	{"/metric/{agent}/{metric}/json",
	 "[{metricName:s metricN:i metricValue?:v lastUpdateMin?:i lastUpdateMax?:i agent?:s "
	 "dataSource?:s lastUpdate?:i topKeys?:[{lastUpdate:i value:n key:s}] "
	 "quartiles?:{min:n q1:n med:n q3:n max:n}}]"},
	{"/table/{agent}/{metrics}/json", "[[" CELL "]]"},
	{"/dump/{agent}/{metrics}/json", "[" CELL "]"},
	{"/activeflows/{agent}/{name}/json",
	 "[{flowN:i agent:s value:n dataSource:s key:s error:n lastUpdate:i samples:i "
	 "uncorrected?:n values?:[N] " NAMES "}]"},
	{"/flowlocations/{agent}/{name}/json",
	 "[{agent:s dataSource:s value:n lastUpdate:i direction:s " NAMES "}]"},
	{"/flowkeys/json", "<i>"},
	{"/flow/json", "<" FLOW ">"},
	{"/flow/{name}/json", FLOW},
	{"/threshold/json", "<" THRESHOLD ">"},
	{"/threshold/{name}/json", THRESHOLD},
	{"/group/json", "<<[s]>>"},
	{"/groups/json", "<<[s]>>"},
	{"/group/{name}/json", "<[s]>"},
	{"/map/json", "<<[s]>>"},
	{"/map/{name}/json", "<[s]>"},
	{"/events/json",
	 "[{eventID:i timestamp:i thresholdID:s metric:s threshold:n value:n agent:s dataSource:s "
	 "headers?:i flowKey?:s error?:n inherited?:n samples?:i direction?:s values?:[N] " NAMES
	 "}]"},
	{"/flows/json", "[{flowID:i name:s flowKeys:s value:n start:i end:i agent:s dataSource:s "
			"direction:s " NAMES "}]"},
	{"/forwarding/json", "<" TARGET ">"},
	{"/forwarding/{name}/json", TARGET},
};

const char *rest_schema_of(const char *pattern)
{
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		if (strcmp(schemas[i].pattern, pattern) == 0)
			return schemas[i].schema;
	return NULL;
}

static json_t *parse(const char **p);

static json_t *parse_inside(const char **p, char end, const char *type, const char *what)
{
	json_t *inside = parse(p);
	if (inside == NULL || *(*p)++ != end) {
		json_decref(inside);
		return NULL;
	}
	return json_pack("{s:s,s:o}", "type", type, what, inside);
}

// Up to the closing brace.
static json_t *parse_members(const char **p)
{
	json_t *properties = json_object(), *required = json_array();
	while (**p != '}') {
		const char *name = *p;
		const size_t len = strcspn(name, "?:");
		const bool optional = name[len] == '?';
		*p += len + optional + 1;
		json_t *member = parse(p);
		if (member == NULL) {
			json_decref(properties);
			json_decref(required);
			return NULL;
		}
		json_object_setn_new(properties, name, len, member);
		if (!optional)
			json_array_append_new(required, json_stringn(name, len));
		*p += **p == ' ';
	}
	(*p)++;
	json_t *json = json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties,
				 "additionalProperties", false);
	if (json_array_size(required) > 0) // an empty list would be none to OpenAPI
		json_object_set(json, "required", required);
	json_decref(required);
	return json;
}

static json_t *parse(const char **p)
{
	switch (*(*p)++) {
	case 's': return json_pack("{s:s}", "type", "string");
	case 'i': return json_pack("{s:s}", "type", "integer");
	case 'n': return json_pack("{s:s}", "type", "number");
	case 'b': return json_pack("{s:s}", "type", "boolean");
	case 'o': return json_pack("{s:s}", "type", "object");
	case 'N': return json_pack("{s:s,s:b}", "type", "number", "nullable", true);
	case 'v':
		return json_pack("{s:[{s:s},{s:s}]}", "oneOf", "type", "string", "type", "number");
	case '[': return parse_inside(p, ']', "array", "items");
	case '<': return parse_inside(p, '>', "object", "additionalProperties");
	case '{': return parse_members(p);
	default: return NULL;
	}
}

json_t *rest_schema(const char *text)
{
	json_t *json = parse(&text);
	if (json != NULL && *text == '\0')
		return json;
	json_decref(json);
	return NULL;
}
