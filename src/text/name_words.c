/*-------------------------------------------------------------------------
 *
 * name_words.c
 *	  Words of personal names that are not the name itself.
 *
 * The lists are short on purpose: they hold words whose place in a name is
 * hardly ever in doubt.  A word that is missing is treated as a name, which is
 * what it mostly is.
 *
 * IDENTIFICATION
 *	  src/text/name_words.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "text/name_words.h"
#include "text/unicode_class.h"

/* longest particle */
#define NAME_PARTICLE_LENGTH	5

static const struct
{
	const char *word;
	NameParticle particle;
}			name_particles[] =

{
	{"af", NAME_PARTICLE}, {"av", NAME_PARTICLE}, {"da", NAME_PARTICLE},
	{"das", NAME_PARTICLE}, {"de", NAME_PARTICLE}, {"dem", NAME_PARTICLE},
	{"den", NAME_PARTICLE}, {"der", NAME_PARTICLE}, {"dos", NAME_PARTICLE},
	{"het", NAME_PARTICLE}, {"ten", NAME_PARTICLE}, {"ter", NAME_PARTICLE},
	{"vom", NAME_PARTICLE}, {"von", NAME_PARTICLE}, {"zu", NAME_PARTICLE},
	{"zum", NAME_PARTICLE}, {"zur", NAME_PARTICLE},
	{"al", NAME_PARTICLE_OR_FIRST}, {"ap", NAME_PARTICLE_OR_FIRST},
	{"bin", NAME_PARTICLE_OR_FIRST}, {"bint", NAME_PARTICLE_OR_FIRST},
	{"binti", NAME_PARTICLE_OR_FIRST}, {"dal", NAME_PARTICLE_OR_FIRST},
	{"dalla", NAME_PARTICLE_OR_FIRST}, {"degli", NAME_PARTICLE_OR_FIRST},
	{"dei", NAME_PARTICLE_OR_FIRST}, {"del", NAME_PARTICLE_OR_FIRST},
	{"della", NAME_PARTICLE_OR_FIRST}, {"delle", NAME_PARTICLE_OR_FIRST},
	{"dello", NAME_PARTICLE_OR_FIRST}, {"des", NAME_PARTICLE_OR_FIRST},
	{"di", NAME_PARTICLE_OR_FIRST}, {"do", NAME_PARTICLE_OR_FIRST},
	{"du", NAME_PARTICLE_OR_FIRST}, {"ibn", NAME_PARTICLE_OR_FIRST},
	{"van", NAME_PARTICLE_OR_FIRST},
	{"la", NAME_ARTICLE}, {"las", NAME_ARTICLE}, {"le", NAME_ARTICLE},
	{"los", NAME_ARTICLE},
	{"aan", NAME_PREPOSITION}, {"auf", NAME_PREPOSITION},
	{"in", NAME_PREPOSITION}, {"op", NAME_PREPOSITION},
	{"y", NAME_AND}
};

/* As they are spelled at the end of a name. */
static const char *const name_suffixes[] = {
	"II", "III", "IV", "VI", "VII", "VIII", "IX", "XII", "XIII", "XIV", "XVI",
	"Jr", "Jnr", "Junior", "Sr", "Snr", "Senior", "Esq", "PhD", "DPhil", "MD",
	"DDS", "DMD", "DVM", "MSc", "BSc", "MBA", "CPA", "LLB", "LLM", "LLD", "RN",
	"OBE", "MBE", "CBE", "KBE"
};

/* As they are spelled after a comma; elsewhere they may be names. */
static const char *const name_degrees[] = {
	"BA", "BS", "DO", "JD", "KC", "MA", "MP", "MS", "PE", "QC"
};

/* Does this stretch spell the word, which is ASCII, whatever its case? */
bool
name_spells(const pg_wchar *chars, Size length, const char *word)
{
	for (Size i = 0; i < length; i++)
		if (word[i] == '\0' ||
			unicode_lower_of(chars[i]) != unicode_lower_of((unsigned char) word[i]))
			return false;
	return word[length] == '\0';
}

/* The one of the words that this stretch spells, or NULL. */
const char *
name_find(const pg_wchar *chars, Size length,
		  const char *const *words, int count)
{
	pg_wchar	first = length > 0 ? unicode_lower_of(chars[0]) : 0;

	for (int i = 0; i < count; i++)
		if (unicode_lower_of((unsigned char) words[i][0]) == first &&
			name_spells(chars, length, words[i]))
			return words[i];
	return NULL;
}

bool
name_is_apostrophe(pg_wchar c)
{
	return c == '\'' || c == 0x2019 || c == 0x2018 || c == 0x02BC ||
		c == '`' || c == 0x00B4;
}

NameParticle
name_particle(const pg_wchar *chars, Size length)
{
	/* Dutch 't */
	if (length == 2 && name_is_apostrophe(chars[0]) && name_spells(chars + 1, 1, "t"))
		return NAME_PARTICLE;
	if (length > NAME_PARTICLE_LENGTH)
		return NAME_NO_PARTICLE;
	for (int i = 0; i < lengthof(name_particles); i++)
		if (name_spells(chars, length, name_particles[i].word))
			return name_particles[i].particle;
	return NAME_NO_PARTICLE;
}

/* Looks the word up without its dots: Ph.D. is PhD. */
static const char *
name_find_undotted(const pg_wchar *chars, Size length,
				   const char *const *words, int count)
{
	pg_wchar	plain[8];
	Size		out = 0;

	for (Size i = 0; i < length; i++)
	{
		if (chars[i] == '.')
			continue;
		if (out == lengthof(plain))
			return NULL;
		plain[out++] = chars[i];
	}
	return name_find(plain, out, words, count);
}

/* The spelling of a suffix, or NULL. */
const char *
name_suffix(const pg_wchar *chars, Size length)
{
	return name_find_undotted(chars, length, name_suffixes, lengthof(name_suffixes));
}

/* The spelling of a degree, or NULL. */
const char *
name_degree(const pg_wchar *chars, Size length)
{
	return name_find_undotted(chars, length, name_degrees, lengthof(name_degrees));
}
